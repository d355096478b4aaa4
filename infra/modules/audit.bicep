// Who deleted which blob, and who touched the keys and settings of the stores. Writes and reads are not among it: there
// are thousands a minute, and each would be paid for.
import { Names } from '../types.bicep'

@description('The name of each resource.')
param names Names

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: names.workspace
}

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.storage
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-06-01' existing = {
  parent: storage
  name: 'default'
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: names.hostStorage
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2026-06-01' existing = {
  parent: hostStorage
  name: 'default'
}

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: names.eventHubs
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' existing = {
  name: names.cosmos
}

resource deletes 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'deletes'
  properties: { workspaceId: workspace.id, logs: [{ category: 'StorageDelete', enabled: true }] }
}

resource hostDeletes 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hostBlobs
  name: 'deletes'
  properties: { workspaceId: workspace.id, logs: [{ category: 'StorageDelete', enabled: true }] }
}

resource hubs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'operations'
  properties: { workspaceId: workspace.id, logs: [{ category: 'OperationalLogs', enabled: true }] }
}

resource documents 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: cosmos
  name: 'operations'
  properties: { workspaceId: workspace.id, logs: [{ category: 'ControlPlaneRequests', enabled: true }] }
}
