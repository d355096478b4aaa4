// Application Insights on a Log Analytics workspace, with a cap on what a day may cost.
param token string
param location string
param tags object
param dailyCapGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-vendstream-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    // For Application Insights' tables 90 days are part of the price of ingestion.
    retentionInDays: 90
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-vendstream-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

output name string = insights.name
output connectionString string = insights.properties.ConnectionString
