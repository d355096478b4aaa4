// Application Insights on a Log Analytics workspace, with a cap on what a day may cost.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('GB of logs a day; what comes above is dropped until the next day.')
param dailyCapGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: names.workspace
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
  name: names.insights
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}
