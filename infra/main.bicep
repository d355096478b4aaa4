// Everything that the app needs, in one resource group:
//   az deployment group create -g GROUP --parameters infra/dev.bicepparam      (or azd up)
// Identities instead of keys wherever there is a choice. A start is cheap and open to the network; what a business wants
// beyond that is a parameter, off by default, and on in prod.bicepparam or named there (docs/deploy.md).
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

@description('Redundancy of the host\'s account: checkpoints, keys and the deployed package. Lost with it is the place where the functions were; they begin again at the oldest event.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param hostRedundancy string = 'Standard_LRS'

@description('For how many days nobody can delete or change a version of a blob of the archive; 0: no such policy. Only for an archive that is created with it, and an account that has one is not deleted before it is empty: docs/deploy.md.')
@minValue(0)
@maxValue(146000)
param archiveImmutabilityDays int = 0

@description('That policy was locked, by hand: a deployment leaves it alone then, because only extending it is allowed.')
param archiveImmutabilityLocked bool = false

@description('Logs who deleted which blob, and who read or changed keys of the stores, to the workspace.')
param auditLogs bool = false

@description('Storage and Cosmos DB take requests from the app\'s own subnet and from operatorIpRanges alone. Roles are asked for either way.')
param closedStores bool = false

@description('Addresses (a.b.c.d) or ranges (a.b.c.0/24, for Storage not above /30) that vendctl is run from, where the stores are closed.')
param operatorIpRanges string[] = []

@description('Ranges that devices send from, where they are known; empty: from everywhere. Needs closedStores, because the app itself must come in too.')
param deviceIpRanges string[] = []

@description('How far back Cosmos DB can be restored. 7 days are part of the price, 30 are paid by the GB.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param cosmosBackup string = 'Continuous7Days'

@description('After how many days raw events move to the cool tier. They can be read at once.')
@minValue(0)
param coolAfterDays int = 30

@description('After how many days raw events move on to the cold tier. They can be read at once.')
@minValue(0)
param coldAfterDays int = 120

@description('After how many days the originals of uploaded photos move to the cool tier.')
@minValue(0)
param photosCoolAfterDays int = 30

@description('For how many days a rejected upload is kept.')
@minValue(1)
param rejectedDays int = 30

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

@description('As what notifications are posted: JSON of our own, or what a webhook of Slack or Teams takes.')
@allowed(['standard', 'slack', 'teams'])
param notifyWebhookShape string = 'standard'

@description('The server that mails are handed to; empty: none is sent.')
param smtpHost string = ''

@description('587 as a rule, 465 for implicit TLS.')
@minValue(1)
@maxValue(65535)
param smtpPort int = 587

@description('TLS from the first byte on, or by STARTTLS, which is then required.')
@allowed(['implicit', 'starttls'])
param smtpTls string = 'starttls'

@description('As whom the app signs in to the mail server; empty: it does not.')
param smtpUsername string = ''

@description('The address that mails come from.')
param mailFrom string = ''

@description('Who gets mails while the catalog has no recipients: addresses with commas.')
param notifyMailTo string = ''

@description('What the app signs in to the mail server with.')
@secure()
param smtpPassword string = ''

@description('keep: the record of a photo says where it was taken, if the camera did; drop: it does not. The pictures themselves never do.')
@allowed(['drop', 'keep'])
param photoLocation string = 'drop'

@description('Origins whose pages may use the HTTP API, with commas: https://HOST, or * for any. Leave the platform\'s own CORS empty then.')
param corsOrigins string = ''

@description('A machine that nothing was heard of for longer is silent.')
@minValue(1)
param silentAfterMinutes int = 60

@description('accept or refuse devices whose publisher names no machine, or from which moment on they are refused (2026-12-01T00:00:00Z). Where such devices send already: first accept, then the moment by which all have new credentials.')
@minLength(1)
param unboundDevices string = 'refuse'

@description('The platform\'s own switch for OpenTelemetry; the package must then be built with --telemetry.')
param openTelemetry bool = false

@description('Who is mailed when something is wrong with the system itself; empty: no rule is made.')
param alarmEmail string = ''

@description('Where the same is posted, beside the mail; empty: nowhere.')
@secure()
param alarmWebhookUrl string = ''

@description('Object id of who runs vendctl against this environment; empty: nobody yet.')
param operatorId string = ''

@description('What operatorId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorType string = 'User'

@description('Object id of who may look at everything and change nothing; empty: nobody yet.')
param readerId string = ''

@description('What readerId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param readerType string = 'Group'

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
  topic: 'evgt-vendstream-${token}'
  network: 'vnet-vendstream-${token}'
  subnet: 'app'
}

@description('The subnet that the app\'s requests come from; empty: it has none.')
var subnetId = closedStores ? resourceId('Microsoft.Network/virtualNetworks/subnets', names.network, names.subnet) : ''

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.identity
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  params: { names: names, location: location, tags: tags, dailyCapGb: logCapGb }
}

module network 'modules/network.bicep' = if (closedStores) {
  params: { names: names, location: location, tags: tags }
}

// What lets a subnet in has to come after it; that it is there is known by its name alone.
module eventHubs 'modules/eventhubs.bicep' = {
  dependsOn: [network]
  params: {
    names: names
    location: location
    tags: tags
    partitionCount: partitionCount
    retentionHours: retentionHours
    maximumThroughputUnits: maximumThroughputUnits
    subnetId: subnetId
    ipRanges: empty(deviceIpRanges)
      ? []
      : closedStores
          ? concat(deviceIpRanges, operatorIpRanges)
          : fail('deviceIpRanges would shut out the app itself: set closedStores too')
  }
}

module cosmos 'modules/cosmos.bicep' = {
  dependsOn: [network]
  params: {
    names: names
    location: location
    tags: tags
    serverless: cosmosServerless
    maximumThroughput: cosmosMaximumThroughput
    backup: cosmosBackup
    subnetId: subnetId
    ipRanges: operatorIpRanges
  }
}

module storage 'modules/storage.bicep' = {
  dependsOn: [network]
  params: {
    names: names
    location: location
    tags: tags
    redundancy: archiveRedundancy
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
    photosCoolAfterDays: photosCoolAfterDays
    rejectedDays: rejectedDays
    immutabilityDays: archiveImmutabilityDays
    immutabilityLocked: archiveImmutabilityLocked
    subnetId: subnetId
    ipRanges: operatorIpRanges
  }
}

module hostStorage 'modules/hoststorage.bicep' = {
  params: { names: names, location: location, tags: tags, redundancy: hostRedundancy }
}

module uploads 'modules/uploads.bicep' = {
  dependsOn: [storage, hostStorage]
  params: { names: names, location: location, tags: tags }
}

module audit 'modules/audit.bicep' = if (auditLogs) {
  dependsOn: [monitoring, eventHubs, cosmos, storage, hostStorage]
  params: { names: names }
}

// The modules below find by name what those above make: only dependsOn says that it comes first.
module appRoles 'modules/approles.bicep' = {
  dependsOn: [identity, monitoring, eventHubs, cosmos, storage, hostStorage]
  params: { names: names }
}

module peopleRoles 'modules/peopleroles.bicep' = {
  dependsOn: [eventHubs, cosmos, storage, hostStorage]
  params: {
    names: names
    operatorId: operatorId
    operatorType: operatorType
    readerId: readerId
    readerType: readerType
    deployerId: deployerId
  }
}

module app 'modules/functionapp.bicep' = {
  // The app starts when it is created: what it may do has to be settled by then.
  dependsOn: [appRoles, network]
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
    notifyWebhookShape: notifyWebhookShape
    mail: {
      host: smtpHost
      port: smtpPort
      tls: smtpTls
      username: smtpUsername
      from: mailFrom
      to: notifyMailTo
    }
    smtpPassword: smtpPassword
    photoLocation: photoLocation
    corsOrigins: corsOrigins
    silentAfterMinutes: silentAfterMinutes
    unboundDevices: unboundDevices
    openTelemetry: openTelemetry
    subnetId: subnetId
  }
}

module alarms 'modules/alarms.bicep' = if (!empty(alarmEmail)) {
  dependsOn: [monitoring, cosmos]
  params: {
    names: names
    location: location
    tags: tags
    email: alarmEmail
    webhookUrl: alarmWebhookUrl
    appUrl: app.outputs.url
    openTelemetry: openTelemetry
  }
}

// The names are those of the settings that vendctl reads, so that `azd env get-values` is its environment.
@description('The function app, for the tools that deploy to it.')
output AZURE_FUNCTION_APP string = names.app

@description('Its id, by which `vendctl smoke --app` asks which functions it has.')
output AZURE_FUNCTION_APP_ID string = resourceId('Microsoft.Web/sites', names.app)

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
