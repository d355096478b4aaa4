// What the app's identity may do, and no more. A test derives from the code what it must be able to do.
import { blobContainers, Names, queues, uploadContainers } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('learn.microsoft.com/azure/role-based-access-control/built-in-roles')
var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  eventHubsDataReceiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

@description('Cosmos DB\'s own data-plane role (Built-in Data Contributor), the same id in every account: learn.microsoft.com/azure/cosmos-db/nosql/security/reference-data-plane-roles')
var cosmosDataContributor = '00000000-0000-0000-0000-000000000002'

// Assignments are named after the identity and not after its principal, which is known only when it is there: a
// name that is not known beforehand is missing in what-if. An identity that was deleted alone leaves assignments
// behind that its successor of the same name cannot take over: docs/deploy.md.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.identity
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.hostStorage
}

@description('The containers that the app reads and writes.')
var ownContainers = concat(blobContainers, uploadContainers)

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.storage
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' existing = [
  for name in ownContainers: {
    name: '${names.storage}/default/${name}'
  }
]

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-06-01' existing = [
  for name in queues: {
    name: '${names.storage}/default/${name}'
  }
]

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: names.eventHubs
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2026-01-01' existing = {
  parent: namespace
  name: names.hub
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' existing = {
  name: names.cosmos
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

// AzureWebJobsStorage asks for Owner, not Contributor: for the host's locks and keys, the timers and the checkpoints
// (learn.microsoft.com/azure/azure-functions/functions-reference, "Connecting to host storage with an identity"). It
// covers the deployed package too. Of the account's queues only a blob trigger would need anything.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, identity.id, roles.storageBlobDataOwner)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

// The host writes its diagnostic events to tables (same place), and logs an error (AZFD0003) where it may not.
resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, identity.id, roles.storageTableDataContributor)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageTableDataContributor
    )
  }
}

// On each container, so that it can make, empty or delete no other. It may overwrite and delete their blobs, but
// not the versions that this leaves: that would be Owner's.
resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in ownContainers: {
    scope: containers[index]
    name: guid(containers[index].id, identity.id, roles.storageBlobDataContributor)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageBlobDataContributor
      )
    }
  }
]

// Messages are sent, received and moved to poison queues, and the queues' lengths read.
resource messages 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in queues: {
    scope: storageQueues[index]
    name: guid(storageQueues[index].id, identity.id, roles.storageQueueDataContributor)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageQueueDataContributor
      )
    }
  }
]

// Keys by which the app signs addresses for uploads. It can be given on an account only, and opens nothing by itself: an
// address opens what the identity itself may do, on that one blob.
resource delegation 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identity.id, roles.storageBlobDelegator)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDelegator)
  }
}

// Receiving includes the partitions' properties.
resource events 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, identity.id, roles.eventHubsDataReceiver)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
  }
}

// What uploaded audits say.
resource imports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, identity.id, roles.eventHubsDataSender)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
  }
}

resource documents 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2026-03-15' = {
  parent: cosmos
  name: guid(cosmos.id, identity.id, names.database, cosmosDataContributor)
  properties: {
    principalId: identity.properties.principalId
    roleDefinitionId: '${cosmos.id}/sqlRoleDefinitions/${cosmosDataContributor}'
    scope: '${cosmos.id}/dbs/${names.database}'
  }
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identity.id, roles.monitoringMetricsPublisher)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
  }
}
