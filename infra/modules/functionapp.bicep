// The Flex Consumption plan, the app, and its settings: those of local.settings.json with identities for
// connection strings. A test compares the two and what the code reads.
import { Mail, Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Where AMQP clients find the hub.')
param eventHubsAddress string

@description('Memory of an instance.')
param instanceMemoryMB int

@description('A limit of cost.')
param maximumInstanceCount int

@description('Changes when the hub is recreated.')
param hubGeneration string

@description('How long the hub keeps events.')
param retentionHours int

@description('Business day of machines that the catalog does not know: an IANA name.')
param defaultTimeZone string

@description('Where notifications are posted; empty: they are logged only.')
@secure()
param notifyWebhookUrl string

@description('What they are signed with; empty: they are not.')
@secure()
param notifyWebhookSecret string

@description('As what they are posted.')
param notifyWebhookShape string

@description('The mail server; without a host no mail is sent.')
param mail Mail

@description('What the app signs in to the mail server with.')
@secure()
param smtpPassword string

@description('keep or drop: whether the record of a photo says where it was taken.')
param photoLocation string

@description('Origins whose pages may use the HTTP API, with commas; empty: none.')
param corsOrigins string

@description('A machine that nothing was heard of for longer is silent.')
param silentAfterMinutes int

@description('accept or refuse devices whose publisher names no machine, or from which moment on they are refused.')
param unboundDevices string

@description('The platform\'s own switch for OpenTelemetry.')
param openTelemetry bool

@description('The subnet that its requests come from; empty: none.')
param subnetId string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.identity
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.hostStorage
}

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.storage
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' existing = {
  name: names.cosmos
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: names.plan
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: names.app
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // A setting may be a reference to a Key Vault (docs/deploy.md); it is read with this identity.
    keyVaultReferenceIdentity: identity.id
    // Not ftpsState: this plan has no FTP, and refuses the deployment over it (51021).
    siteConfig: { minTlsVersion: '1.2', scmMinTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${names.packages}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
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
resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// FUNCTIONS_WORKER_RUNTIME is not among them: on this plan it is functionAppConfig.runtime.
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__accountName: hostStorage.name
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    EVENTHUB__fullyQualifiedNamespace: eventHubsAddress
    EVENTHUB__credential: 'managedidentity'
    EVENTHUB__clientId: identity.properties.clientId
    COSMOS__accountEndpoint: cosmos.properties.documentEndpoint
    COSMOS__credential: 'managedidentity'
    COSMOS__clientId: identity.properties.clientId
    DATA__blobServiceUri: storage.properties.primaryEndpoints.blob
    DATA__queueServiceUri: storage.properties.primaryEndpoints.queue
    DATA__credential: 'managedidentity'
    DATA__clientId: identity.properties.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    // The worker configures OpenTelemetry, the host sends its own likewise: one switch for both.
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: openTelemetry ? 'true' : 'false'
    AzureFunctionsJobHost__telemetryMode: openTelemetry ? 'OpenTelemetry' : 'ApplicationInsights'
    // No trace of each request to a store: there are thousands a minute, and each would be paid for.
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,psycopg2,requests,urllib,urllib3'
    // The platform reads a request's body into memory before any code of the app runs; its default is 100 MiB.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576'
    TELEMETRY_HUB: names.hub
    HUB_GENERATION: hubGeneration
    HUB_RETENTION_HOURS: string(retentionHours)
    STANDING_AFTER_SECONDS: '300'
    ROLLUPS_BEHIND_AFTER_SECONDS: '900'
    COSMOS_DATABASE: names.database
    DEFAULT_TIME_ZONE: defaultTimeZone
    NOTIFY_WEBHOOK_URL: notifyWebhookUrl
    NOTIFY_WEBHOOK_SECRET: notifyWebhookSecret
    NOTIFY_WEBHOOK_SHAPE: notifyWebhookShape
    NOTIFY_POSTS_PER_MINUTE: '20'
    NOTIFY_MAIL_TO: mail.to
    SMTP_HOST: mail.host
    SMTP_PORT: string(mail.port)
    SMTP_TLS: mail.tls
    SMTP_USERNAME: mail.username
    SMTP_PASSWORD: smtpPassword
    MAIL_FROM: mail.from
    DAILY_REPORT_HOUR: '6'
    PHOTO_LOCATION: photoLocation
    CORS_ORIGINS: corsOrigins
    SILENT_AFTER_MINUTES: string(silentAfterMinutes)
    UNBOUND_DEVICES: unboundDevices
    NEW_MACHINES_PER_HOUR: '20'
    QUICK_DECODING: 'true'
    // A summary is written once a tick however much was sold: five minutes together are one write instead of five.
    ROLL_UP_SCHEDULE: '0 */5 * * * *'
    COMPACT_SCHEDULE: '0 */10 * * * *'
    SWEEP_SCHEDULE: '30 * * * * *'
    DAILY_REPORT_SCHEDULE: '0 */15 * * * *'
  }
}

@description('Its address.')
output url string = 'https://${app.properties.defaultHostName}'
