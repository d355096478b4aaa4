// The app's own storage: the archive, dead letters and queues. The host's account is another one
// (hoststorage.bicep), so that its wider role opens nothing here, and neither slows the other.
//
// There is no Event Grid topic, because no function has a blob trigger; on Flex Consumption one would need it.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Redundancy of the archive.')
param redundancy string

@description('After how many days raw events move to the cool tier.')
param coolAfterDays int

@description('After how many days raw events move on to the cold tier.')
param coldAfterDays int

@description('The blob containers of the app.')
var containers = ['archive', 'deadletters']

@description('The host would make the poison queues when first needed; being there, they can be watched from the start.')
var queues = ['rollup-shards', 'rollup-shards-poison', 'notifications', 'notifications-poison']

resource account 'Microsoft.Storage/storageAccounts@2026-06-01' = {
  name: names.storage
  location: location
  tags: tags
  sku: { name: redundancy }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
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
  properties: {
    // Against a mistaken deletion. No versioning: every append to a raw blob would keep a copy of it.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 30 }
  }
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' = [
  for name in containers: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2026-06-01' = {
  parent: account
  name: 'default'
}

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-06-01' = [
  for name in queues: {
    parent: queueService
    name: name
  }
]

// Raw events are read again by an audit or a rebuild only. Never to the archive tier: it cannot be read without
// hours of waiting, and a rebuild reads all. Nothing is ever deleted by a rule.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2026-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        {
          enabled: true
          name: 'raw-events-get-cheaper'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['archive/raw/'] }
            actions: {
              baseBlob: {
                tierToCool: { daysAfterModificationGreaterThan: coolAfterDays }
                tierToCold: { daysAfterModificationGreaterThan: coldAfterDays }
              }
            }
          }
        }
      ]
    }
  }
}
