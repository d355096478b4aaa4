// The Functions host's account: checkpoints, timers' and singletons' locks, keys, and the deployed package. It stays open
// to the network where the stores are closed: the platform itself puts the package there and reads it, and from where is
// documented nowhere. No key opens it, and it holds no event.
import { checkpoints, Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Redundancy of the account.')
param redundancy string

resource account 'Microsoft.Storage/storageAccounts@2026-06-01' = {
  name: names.hostStorage
  location: location
  tags: tags
  sku: { name: redundancy }
  kind: 'StorageV2'
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-06-01' = {
  parent: account
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' = [
  for name in [names.packages, checkpoints]: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]
