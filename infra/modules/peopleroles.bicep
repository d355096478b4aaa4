// What an operator may do with vendctl (provisioned with the environment, because keys are off), and the right
// of the deploying identity to send the smoke test's event. Both are optional.
import { Names } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('Object id of who runs vendctl; empty: nobody yet.')
param operatorId string

@description('User, Group or ServicePrincipal.')
param operatorType string

@description('Object id of the identity that deploys; empty: none.')
param deployerId string

@description('learn.microsoft.com/azure/role-based-access-control/built-in-roles')
var roles = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  eventHubsDataReceiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975'
}

@description('Cosmos DB\'s own data-plane role (Built-in Data Contributor), the same id in every account.')
var cosmosDataContributor = '00000000-0000-0000-0000-000000000002'

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.hostStorage
}

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.storage
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

// Checkpoints: `vendctl account` reads them, `vendctl partitions clear` moves them.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: hostStorage
  name: guid(hostStorage.id, operatorId, roles.storageBlobDataContributor)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

// Audits read the archive; replayed dead letters are marked; Capture is imported.
resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: storage
  name: guid(storage.id, operatorId, roles.storageBlobDataContributor)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

resource queues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorId)) {
  scope: storage
  name: guid(storage.id, operatorId, roles.storageQueueDataContributor)
  properties: {
    principalId: operatorId
    principalType: operatorType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageQueueDataContributor
    )
  }
}

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

resource documents 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2026-03-15' = if (!empty(operatorId)) {
  parent: cosmos
  name: guid(cosmos.id, operatorId, names.database, cosmosDataContributor)
  properties: {
    principalId: operatorId
    roleDefinitionId: '${cosmos.id}/sqlRoleDefinitions/${cosmosDataContributor}'
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
