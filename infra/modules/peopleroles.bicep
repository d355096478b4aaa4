// What people may do with vendctl, because keys are off: operators change things, readers look; and the right of the
// deploying identity to send the smoke test's event. All of them are optional. Nobody gets a role on an account as a
// whole: in the host's lie its keys and the deployed package, in the other whatever somebody puts there later.
import { blobContainers, checkpoints, Names, queues } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('Object id of who runs vendctl; empty: nobody yet.')
param operatorId string

@description('User, Group or ServicePrincipal.')
param operatorType string

@description('Object id of who may look and change nothing; empty: nobody yet.')
param readerId string

@description('User, Group or ServicePrincipal.')
param readerType string

@description('Object id of the identity that deploys; empty: none.')
param deployerId string

@description('learn.microsoft.com/azure/role-based-access-control/built-in-roles')
var roles = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataReader: '19e7f393-937e-4f77-808e-94535e297925'
  eventHubsDataReceiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975'
}

@description('Cosmos DB\'s own data-plane roles (Built-in Data Reader and Contributor), the same ids in every account.')
var cosmosRoles = {
  reader: '00000000-0000-0000-0000-000000000001'
  contributor: '00000000-0000-0000-0000-000000000002'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' existing = [
  for name in blobContainers: {
    name: '${names.storage}/default/${name}'
  }
]

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-06-01' existing = [
  for name in queues: {
    name: '${names.storage}/default/${name}'
  }
]

resource checkpointBlobs 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' existing = {
  name: '${names.hostStorage}/default/${checkpoints}'
}

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

// `vendctl account` reads them, `vendctl partitions clear` moves them.
resource operatorCheckpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: checkpointBlobs
  name: guid(checkpointBlobs.id, operatorId, roles.storageBlobDataContributor)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

// Audits read the archive, compaction by hand and imports write it; replayed dead letters are marked.
resource operatorBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in blobContainers: if (!empty(operatorId)) {
    scope: containers[index]
    name: guid(containers[index].id, operatorId, roles.storageBlobDataContributor)
    properties: {
      principalId: operatorId
      principalType: operatorType
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageBlobDataContributor
      )
    }
  }
]

// How long the queues are.
resource operatorQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in queues: if (!empty(operatorId)) {
    scope: storageQueues[index]
    name: guid(storageQueues[index].id, operatorId, roles.storageQueueDataReader)
    properties: {
      principalId: operatorId
      principalType: operatorType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataReader)
    }
  }
]

resource operatorReceives 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: hub
  name: guid(hub.id, operatorId, roles.eventHubsDataReceiver)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
  }
}

// Dead letters are sent again, and sales files replayed.
resource operatorSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: hub
  name: guid(hub.id, operatorId, roles.eventHubsDataSender)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
  }
}

resource operatorDocuments 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2026-03-15' = if (!empty(operatorId)) {
  parent: cosmos
  name: guid(cosmos.id, operatorId, names.database, cosmosRoles.contributor)
  properties: {
    principalId: operatorId
    roleDefinitionId: '${cosmos.id}/sqlRoleDefinitions/${cosmosRoles.contributor}'
    scope: '${cosmos.id}/dbs/${names.database}'
  }
}

resource readerCheckpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readerId)) {
  scope: checkpointBlobs
  name: guid(checkpointBlobs.id, readerId, roles.storageBlobDataReader)
  properties: {
    principalId: readerId
    principalType: readerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
  }
}

resource readerBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in blobContainers: if (!empty(readerId)) {
    scope: containers[index]
    name: guid(containers[index].id, readerId, roles.storageBlobDataReader)
    properties: {
      principalId: readerId
      principalType: readerType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
    }
  }
]

resource readerQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in queues: if (!empty(readerId)) {
    scope: storageQueues[index]
    name: guid(storageQueues[index].id, readerId, roles.storageQueueDataReader)
    properties: {
      principalId: readerId
      principalType: readerType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataReader)
    }
  }
]

// How far the hub is can be asked only by who may receive from it; what it holds is in the archive too.
resource readerReceives 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readerId)) {
  scope: hub
  name: guid(hub.id, readerId, roles.eventHubsDataReceiver)
  properties: {
    principalId: readerId
    principalType: readerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
  }
}

resource readerDocuments 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2026-03-15' = if (!empty(readerId)) {
  parent: cosmos
  name: guid(cosmos.id, readerId, names.database, cosmosRoles.reader)
  properties: {
    principalId: readerId
    roleDefinitionId: '${cosmos.id}/sqlRoleDefinitions/${cosmosRoles.reader}'
    scope: '${cosmos.id}/dbs/${names.database}'
  }
}

resource deployerSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  scope: hub
  name: guid(hub.id, deployerId, roles.eventHubsDataSender)
  properties: {
    principalId: deployerId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
  }
}
