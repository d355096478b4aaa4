// The Functions host's account: checkpoints, timers' and singletons' locks, keys, and the deployed package.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

resource account 'Microsoft.Storage/storageAccounts@2026-06-01' = {
  name: names.hostStorage
  location: location
  tags: tags
  sku: { name: 'Standard_LRS' }
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

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' = {
  parent: blobs
  name: names.packages
  properties: { publicAccess: 'None' }
}
