// Everything that the app needs, in one resource group:
//   az deployment group create -g GROUP --parameters infra/dev.bicepparam      (or azd up)
// Identities instead of keys wherever there is a choice; no private network, so that small fleets pay for none.
// API versions and properties were checked against Azure/bicep-types-az (commit 1f896de, August 2026).
targetScope = 'resourceGroup'

@description('Tells environments apart in names and tags; azd looks for the tag.')
@minLength(1)
@maxLength(16)
param environmentName string

param location string = resourceGroup().location

@description('Partitions of the hub. The Standard tier takes at most 32, and never changes it afterwards.')
@minValue(1)
@maxValue(32)
param partitionCount int

@description('How long the hub keeps events: what an outage of everything behind it may last without loss.')
@minValue(1)
@maxValue(168)
param retentionHours int

@description('To how many throughput units the namespace grows by itself. It never shrinks by itself.')
@minValue(1)
@maxValue(40)
param maximumThroughputUnits int

@description('Serverless is paid per request; else autoscale up to cosmosMaximumThroughput. Fixed at creation.')
param cosmosServerless bool

@description('Request units a second that the database grows to, where it is not serverless.')
@minValue(1000)
param cosmosMaximumThroughput int = 4000

@description('Redundancy of the archive.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param archiveRedundancy string

@description('After how many days raw events move to the cool and to the cold tier. Both can be read at once.')
param coolAfterDays int = 30
param coldAfterDays int = 120

@description('GB of logs a day; what comes above is dropped until the next day, and costs nothing.')
@minValue(1)
param logCapGb int

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('A limit of cost. Each function scales on its own; Event Hubs functions up to the partitions.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Changes when the hub is recreated: its sequence numbers then start again.')
param hubGeneration string = '1'

@description('Business day of machines that the catalog does not know: an IANA name.')
param defaultTimeZone string = 'Etc/UTC'

@description('Where notifications are posted; empty: they are logged only.')
param notifyWebhookUrl string = ''

@minValue(1)
param silentAfterMinutes int = 60

@description('The platform\'s own switch for OpenTelemetry; the package must then be built with --telemetry.')
param openTelemetry bool = false

@description('Object id of who runs vendctl against this environment; empty: nobody yet.')
param operatorId string = ''

@description('User, Group or ServicePrincipal.')
param operatorType string = 'User'

@description('Object id of the identity that deploys and then sends the smoke test event; empty: none.')
param deployerId string = ''

var token = uniqueString(resourceGroup().id, environmentName)
var tags = { 'azd-env-name': environmentName }
var telemetryHub = 'telemetry'
var cosmosDatabase = 'vendstream'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-vendstream-${token}'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: { token: token, location: location, tags: tags, dailyCapGb: logCapGb }
}

module eventHubs 'modules/eventhubs.bicep' = {
  name: 'eventhubs'
  params: {
    token: token
    location: location
    tags: tags
    hubName: telemetryHub
    partitionCount: partitionCount
    retentionHours: retentionHours
    maximumThroughputUnits: maximumThroughputUnits
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  params: {
    token: token
    location: location
    tags: tags
    databaseName: cosmosDatabase
    serverless: cosmosServerless
    maximumThroughput: cosmosMaximumThroughput
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    token: token
    location: location
    tags: tags
    redundancy: archiveRedundancy
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
  }
}

module hostStorage 'modules/hoststorage.bicep' = {
  name: 'hoststorage'
  params: { token: token, location: location, tags: tags }
}

module appRoles 'modules/approles.bicep' = {
  name: 'approles'
  params: {
    principalId: identity.properties.principalId
    hostStorageName: hostStorage.outputs.name
    storageName: storage.outputs.name
    eventHubsName: eventHubs.outputs.name
    hubName: telemetryHub
    cosmosName: cosmos.outputs.name
    databaseName: cosmosDatabase
    applicationInsightsName: monitoring.outputs.name
  }
}

module peopleRoles 'modules/peopleroles.bicep' = {
  name: 'peopleroles'
  params: {
    operatorId: operatorId
    operatorType: operatorType
    deployerId: deployerId
    hostStorageName: hostStorage.outputs.name
    storageName: storage.outputs.name
    eventHubsName: eventHubs.outputs.name
    hubName: telemetryHub
    cosmosName: cosmos.outputs.name
    databaseName: cosmosDatabase
  }
}

module app 'modules/functionapp.bicep' = {
  name: 'functionapp'
  // The app starts when it is created: what it may do has to be settled by then.
  dependsOn: [appRoles]
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.id
    clientId: identity.properties.clientId
    hostStorageName: hostStorage.outputs.name
    packages: hostStorage.outputs.packages
    storageName: storage.outputs.name
    eventHubsAddress: eventHubs.outputs.address
    cosmosAddress: cosmos.outputs.address
    applicationInsights: monitoring.outputs.connectionString
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    hubName: telemetryHub
    hubGeneration: hubGeneration
    retentionHours: retentionHours
    databaseName: cosmosDatabase
    defaultTimeZone: defaultTimeZone
    notifyWebhookUrl: notifyWebhookUrl
    silentAfterMinutes: silentAfterMinutes
    openTelemetry: openTelemetry
  }
}

// The names are those of the settings that vendctl reads, so that `azd env get-values` is its environment.
output AZURE_FUNCTION_APP string = app.outputs.name
output AZURE_FUNCTION_APP_URL string = app.outputs.url
output TELEMETRY_HUB string = telemetryHub
output HUB_GENERATION string = hubGeneration
output COSMOS_DATABASE string = cosmosDatabase
output EVENTHUB__fullyQualifiedNamespace string = eventHubs.outputs.address
output COSMOS__accountEndpoint string = cosmos.outputs.address
output DATA__accountName string = storage.outputs.name
output AzureWebJobsStorage__accountName string = hostStorage.outputs.name
