// The Flex Consumption plan, the app, and its settings: those of local.settings.json with identities for
// connection strings. A test compares the two and what the code reads.
param token string
param location string
param tags object
param identityId string
param clientId string
param hostStorageName string
param packages string
param storageName string
param eventHubsAddress string
param cosmosAddress string
param applicationInsights string
param instanceMemoryMB int
param maximumInstanceCount int
param hubName string
param hubGeneration string
param retentionHours int
param databaseName string
param defaultTimeZone string
param notifyWebhookUrl string
param silentAfterMinutes int
param openTelemetry bool

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-vendstream-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-vendstream-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // The handlers are asynchronous: they wait for stores, not for the processor.
        triggers: { http: { perInstanceConcurrency: 16 } }
      }
    }
  }
}

// Deployments sign in with Entra ID: no publishing passwords.
resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// FUNCTIONS_WORKER_RUNTIME is not among them: on this plan it is functionAppConfig.runtime.
resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__accountName: hostStorageName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: clientId
    EVENTHUB__fullyQualifiedNamespace: eventHubsAddress
    EVENTHUB__credential: 'managedidentity'
    EVENTHUB__clientId: clientId
    COSMOS__accountEndpoint: cosmosAddress
    COSMOS__credential: 'managedidentity'
    COSMOS__clientId: clientId
    DATA__blobServiceUri: 'https://${storageName}.blob.${environment().suffixes.storage}'
    DATA__queueServiceUri: 'https://${storageName}.queue.${environment().suffixes.storage}'
    DATA__credential: 'managedidentity'
    DATA__clientId: clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    // The worker configures OpenTelemetry, the host sends its own likewise: one switch for both.
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: openTelemetry ? 'true' : 'false'
    AzureFunctionsJobHost__telemetryMode: openTelemetry ? 'OpenTelemetry' : 'ApplicationInsights'
    // No trace of each request to a store: there are thousands a minute, and each would be paid for.
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,psycopg2,requests,urllib,urllib3'
    TELEMETRY_HUB: hubName
    HUB_GENERATION: hubGeneration
    HUB_RETENTION_HOURS: string(retentionHours)
    STANDING_AFTER_SECONDS: '300'
    COSMOS_DATABASE: databaseName
    DEFAULT_TIME_ZONE: defaultTimeZone
    NOTIFY_WEBHOOK_URL: notifyWebhookUrl
    SILENT_AFTER_MINUTES: string(silentAfterMinutes)
    QUICK_DECODING: 'true'
    ROLL_UP_SCHEDULE: '0 * * * * *'
    COMPACT_SCHEDULE: '0 */10 * * * *'
    SWEEP_SCHEDULE: '30 * * * * *'
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
