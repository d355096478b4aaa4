// The Cosmos DB account, its database and containers. vendctl/provision.py makes the same ones locally, and a
// test compares the two.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Paid per request, else autoscale.')
param serverless bool

@description('Request units a second that the database grows to, where it is not serverless.')
param maximumThroughput int

@description('How far back it can be restored.')
param backup string

@description('The subnet that alone may ask, beside ipRanges; empty: everybody may ask.')
param subnetId string

@description('Who else may ask, where the subnet is given.')
param ipRanges string[]

@description('Only what queries filter by is indexed: each indexed value makes every write dearer. Ids always are. None of these has a time to live: the ledger is kept, and readings overwrite themselves.')
var containers = [
  { name: 'machines', key: '/machineId', indexed: ['machineId', 'first', 'last', 'from', 'to', 'visited', 'visit'] }
  { name: 'conditions', key: '/id', indexed: ['type'] }
  { name: 'alerts', key: '/machineId', indexed: ['type', 'machineId', 'state', 'rule', 'pending', 'dueAt', 'closed'] }
  { name: 'fleet', key: '/scope', indexed: ['type', 'open', 'due', 'broken'] }
  { name: 'catalog', key: '/kind', indexed: ['type', 'version', 'site', 'route'] }
]

resource account 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' = {
  name: names.cosmos
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0 }]
    // The app reads what it wrote, by session tokens; nothing in it needs more.
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: backup } }
    disableLocalAuth: true
    // Keys are off; should they come on again, they still make and change no containers.
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: 'Enabled'
    isVirtualNetworkFilterEnabled: !empty(subnetId)
    virtualNetworkRules: empty(subnetId) ? [] : [{ id: subnetId, ignoreMissingVNetServiceEndpoint: false }]
    ipRules: empty(subnetId) ? [] : map(ipRanges, range => { ipAddressOrRange: range })
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2026-03-15' = {
  parent: account
  name: names.database
  properties: {
    resource: { id: names.database }
    // The containers share the throughput: conditions and machines are busy at the same times.
    options: serverless ? {} : { autoscaleSettings: { maxThroughput: maximumThroughput } }
  }
}

resource documents 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2026-03-15' = [
  for container in containers: {
    parent: database
    name: container.name
    properties: {
      resource: {
        id: container.name
        partitionKey: { paths: [container.key], kind: 'Hash', version: 2 }
        indexingPolicy: {
          indexingMode: 'consistent'
          automatic: true
          includedPaths: map(container.indexed, field => { path: '/"${field}"/?' })
          excludedPaths: [{ path: '/*' }]
        }
      }
    }
  }
]

@description('Found by ids alone, and gone by themselves when each of them says: commands to machines; of writes over HTTP the idempotency keys (after a day) and the audit records (after two years).')
var expiring = [
  { name: 'commands', key: '/machineId' }
  { name: 'writes', key: '/scope' }
]

resource passing 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2026-03-15' = [
  for container in expiring: {
    parent: database
    name: container.name
    properties: {
      resource: {
        id: container.name
        partitionKey: { paths: [container.key], kind: 'Hash', version: 2 }
        defaultTtl: -1
        indexingPolicy: {
          indexingMode: 'consistent'
          automatic: true
          includedPaths: []
          excludedPaths: [{ path: '/*' }]
        }
      }
    }
  }
]

// The change feed trigger's own documents, queried by the platform: indexed whole.
resource leases 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2026-03-15' = {
  parent: database
  name: 'leases'
  properties: {
    resource: {
      id: 'leases'
      partitionKey: { paths: ['/id'], kind: 'Hash', version: 2 }
      // Expires what says when by itself, and nothing else. The trigger's first start takes a lock document that
      // does; without this, the lock of a host that died in between would stop every later start for ever.
      defaultTtl: -1
      indexingPolicy: {
        indexingMode: 'consistent'
        automatic: true
        includedPaths: [{ path: '/*' }]
        excludedPaths: []
      }
    }
  }
}

@description('The address of the database, for who runs vendctl.')
output address string = account.properties.documentEndpoint
