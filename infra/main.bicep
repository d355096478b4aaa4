// Everything that the app needs, in one resource group:
//   az deployment group create -g GROUP --parameters infra/dev.bicepparam      (or azd up)
// Identities instead of keys wherever there is a choice; no private network, so that small fleets pay for none.
// Each API version is the newest that the pinned compiler knows. What it makes of these files is in compiled/,
// and tests compare that with the app's own lists: `python -m tests.bicep --write` after every change here.
targetScope = 'resourceGroup'

import { Names, Tags } from 'types.bicep'

@description('Tells environments apart in names and tags; azd looks for the tag.')
@minLength(1)
@maxLength(16)
param environmentName string

@description('The region of everything.')
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

@description('After how many days raw events move to the cool tier. They can be read at once.')
@minValue(0)
param coolAfterDays int = 30

@description('After how many days raw events move on to the cold tier. They can be read at once.')
@minValue(0)
param coldAfterDays int = 120

@description('GB of logs a day; what comes above is dropped until the next day, and costs nothing.')
@minValue(1)
param logCapGb int

@description('Memory of an instance; its share of a processor grows with it.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('A limit of cost. Each function scales on its own; Event Hubs functions up to the partitions.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Changes when the hub is recreated: its sequence numbers then start again.')
@minLength(1)
param hubGeneration string = '1'

@description('Business day of machines that the catalog does not know: an IANA name.')
param defaultTimeZone string = 'Etc/UTC'

@description('Where notifications are posted; empty: they are logged only. Such an address often is a password too.')
@secure()
param notifyWebhookUrl string = ''

@description('What notifications are signed with (whsec_ and base64, docs/alerts.md); empty: they are not.')
@secure()
param notifyWebhookSecret string = ''

@description('A machine that nothing was heard of for longer is silent.')
@minValue(1)
param silentAfterMinutes int = 60

@description('The platform\'s own switch for OpenTelemetry; the package must then be built with --telemetry.')
param openTelemetry bool = false

@description('Object id of who runs vendctl against this environment; empty: nobody yet.')
param operatorId string = ''

@description('What operatorId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorType string = 'User'

@description('Object id of the identity that deploys and then sends the smoke test event; empty: none.')
param deployerId string = ''

@description('Makes names unique that all of Azure shares.')
var token = uniqueString(resourceGroup().id, environmentName)

@description('On everything that can carry tags.')
var tags Tags = { 'azd-env-name': environmentName }

@description('Constants, so that roles and settings are known before there is anything to give them on.')
var names Names = {
  identity: 'id-vendstream-${token}'
  workspace: 'log-vendstream-${token}'
  insights: 'appi-vendstream-${token}'
  eventHubs: 'evhns-vendstream-${token}'
  hub: 'telemetry'
  cosmos: 'cosmos-vendstream-${token}'
  database: 'vendstream'
  storage: 'stdata${token}'
  hostStorage: 'sthost${token}'
  packages: 'packages'
  plan: 'plan-vendstream-${token}'
  app: 'func-vendstream-${token}'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.identity
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  params: { names: names, location: location, tags: tags, dailyCapGb: logCapGb }
}

module eventHubs 'modules/eventhubs.bicep' = {
  params: {
    names: names
    location: location
    tags: tags
    partitionCount: partitionCount
    retentionHours: retentionHours
    maximumThroughputUnits: maximumThroughputUnits
  }
}

module cosmos 'modules/cosmos.bicep' = {
  params: {
    names: names
    location: location
    tags: tags
    serverless: cosmosServerless
    maximumThroughput: cosmosMaximumThroughput
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    names: names
    location: location
    tags: tags
    redundancy: archiveRedundancy
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
  }
}

module hostStorage 'modules/hoststorage.bicep' = {
  params: { names: names, location: location, tags: tags }
}

// The modules below find by name what those above make: only dependsOn says that it comes first.
module appRoles 'modules/approles.bicep' = {
  dependsOn: [identity, monitoring, eventHubs, cosmos, storage, hostStorage]
  params: { names: names }
}

module peopleRoles 'modules/peopleroles.bicep' = {
  dependsOn: [eventHubs, cosmos, storage, hostStorage]
  params: { names: names, operatorId: operatorId, operatorType: operatorType, deployerId: deployerId }
}

module app 'modules/functionapp.bicep' = {
  // The app starts when it is created: what it may do has to be settled by then.
  dependsOn: [appRoles]
  params: {
    names: names
    location: location
    tags: tags
    eventHubsAddress: eventHubs.outputs.address
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    hubGeneration: hubGeneration
    retentionHours: retentionHours
    defaultTimeZone: defaultTimeZone
    notifyWebhookUrl: notifyWebhookUrl
    notifyWebhookSecret: notifyWebhookSecret
    silentAfterMinutes: silentAfterMinutes
    openTelemetry: openTelemetry
  }
}

// The names are those of the settings that vendctl reads, so that `azd env get-values` is its environment.
@description('The function app, for the tools that deploy to it.')
output AZURE_FUNCTION_APP string = names.app

@description('Its address, for `vendctl smoke`.')
output AZURE_FUNCTION_APP_URL string = app.outputs.url

@description('The hub that devices send to.')
output TELEMETRY_HUB string = names.hub

@description('Changes when the hub is recreated.')
output HUB_GENERATION string = hubGeneration

@description('The database of the app.')
output COSMOS_DATABASE string = names.database

@description('The address of the hub.')
output EVENTHUB__fullyQualifiedNamespace string = eventHubs.outputs.address

@description('The address of the database.')
output COSMOS__accountEndpoint string = cosmos.outputs.address

@description('The account of the archive, the dead letters and the queues.')
output DATA__accountName string = names.storage

@description('The account of the checkpoints.')
output AzureWebJobsStorage__accountName string = names.hostStorage
