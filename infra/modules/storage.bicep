// The app's own storage: the archive, dead letters and queues. The host's account is another one
// (hoststorage.bicep), so that its wider role opens nothing here, and neither slows the other.
//
// What is written into the container of uploads, Event Grid tells: uploads.bicep.
import { blobContainers, Names, queues, Tags, undelivered, uploadContainers } from '../types.bicep'

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

@description('After how many days the originals of photos move to the cool tier.')
param photosCoolAfterDays int

@description('For how many days a rejected upload is kept.')
param rejectedDays int

@description('For how many days a version of a blob of the archive cannot be deleted or changed; 0: no policy.')
param immutabilityDays int

@description('The policy is locked: it is not touched.')
param immutabilityLocked bool

@description('The subnet that alone may ask, beside ipRanges; empty: everybody may ask.')
param subnetId string

@description('Who else may ask, where the subnet is given.')
param ipRanges string[]

@description('The container that immutabilityDays is about.')
var archive = 'archive'

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
    allowedCopyScope: 'AAD'
    networkAcls: {
      defaultAction: empty(subnetId) ? 'Allow' : 'Deny'
      bypass: 'AzureServices, Logging, Metrics'
      virtualNetworkRules: empty(subnetId) ? [] : [{ id: subnetId, action: 'Allow' }]
      ipRules: empty(subnetId) ? [] : map(ipRanges, range => { value: range, action: 'Allow' })
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // What was overwritten or deleted stays as a version. Only Storage Blob Data Owner may delete one, and nobody here is
    // that on this account. A version costs the blocks that it alone has: for an append to a raw blob the replaced last
    // one. Soft delete of blobs would keep, and bill in full, the whole blob before each append: why and for how much is
    // in docs/decisions/0095.
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: false }
    containerDeleteRetentionPolicy: { enabled: true, days: 30 }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-06-01' = [
  for name in concat(blobContainers, uploadContainers, [undelivered]): {
    parent: blobs
    name: name
    properties: union(
      { publicAccess: 'None' },
      // Version-level: an overwrite makes a new version and leaves the protected one. A policy of the container would
      // refuse every append, every new manifest and every recompacted hour.
      name == archive && immutabilityDays > 0 ? { immutableStorageWithVersioning: { enabled: true } } : {}
    )
  }
]

// Unlocked, as every new one: whoever may write this resource can shorten it. Locking it is a command, and final.
resource immutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2026-06-01' = if (immutabilityDays > 0 && !immutabilityLocked) {
  name: '${names.storage}/default/${archive}/default'
  dependsOn: [containers]
  properties: { immutabilityPeriodSinceCreationInDays: immutabilityDays, allowProtectedAppendWrites: false }
}

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
// hours of waiting, and a rebuild reads all. No event is ever deleted by a rule: a rule counts a version's age from when
// it was written, and would take what was deleted by mistake yesterday and written last year. Only what sweeps and
// compaction remember, which is overwritten every minute, keeps its versions for a day. Uploads are no events: what was
// refused of them goes after a while.
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
        {
          enabled: true
          name: 'what-is-remembered-keeps-no-history'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['remembered/'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: 1 } } }
          }
        }
        {
          enabled: true
          name: 'photos-get-cheaper'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['uploads/photo/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: photosCoolAfterDays } } }
          }
        }
        {
          enabled: true
          name: 'rejected-uploads-go'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['rejected/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: rejectedDays } } }
          }
        }
        {
          // What is rejected is deleted from the uploads, whatever its size, and would stay as a version for ever.
          enabled: true
          name: 'deleted-uploads-keep-no-history'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['uploads/', 'rejected/'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: 7 } } }
          }
        }
      ]
    }
  }
}
