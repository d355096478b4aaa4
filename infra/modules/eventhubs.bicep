// The namespace, the hub that devices send to, and its consumer groups. Local sign-in also keeps the namespace's own
// RootManageSharedAccessKey alive, which the app never uses: what it can do, and what to do about it, is in SECURITY.md.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Partitions of the hub, fixed at creation.')
param partitionCount int

@description('How long the hub keeps events.')
param retentionHours int

@description('To how many throughput units the namespace grows by itself.')
param maximumThroughputUnits int

@description('The subnet that the app\'s requests come from; empty: none.')
param subnetId string

@description('What may send and receive beside it; empty: everywhere.')
param ipRanges string[]

@description('$Default belongs to ingest_telemetry and is there by itself. Two functions never share a group. operators is for people: vendctl partitions reads with it what the functions\' own receivers keep others from.')
var consumerGroups = ['archive', 'operators']

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: names.eventHubs
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: 1 }
  properties: {
    isAutoInflateEnabled: true
    maximumThroughputUnits: maximumThroughputUnits
    minimumTlsVersion: '1.2'
    // On, for the devices alone: they have no Entra identity and sign in with publisher SAS. The publisher's name
    // (vending/events/publishers.py) says device, machine and epoch, Event Hubs writes it into every event
    // (x-opt-publisher), and ingest refuses what it does not cover: a stolen credential speaks for its own machine.
    disableLocalAuth: false
  }
}

// Devices are everywhere, so nobody is shut out unless somebody says where they are.
resource rules 'Microsoft.EventHub/namespaces/networkRuleSets@2026-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: 'Enabled'
    defaultAction: empty(ipRanges) ? 'Allow' : 'Deny'
    // Metrics and diagnostic settings come from the service's own side.
    trustedServiceAccessEnabled: true
    ipRules: map(ipRanges, range => { ipMask: range, action: 'Allow' })
    virtualNetworkRules: empty(subnetId) ? [] : [{ subnet: { id: subnetId }, ignoreMissingVnetServiceEndpoint: false }]
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2026-01-01' = {
  parent: namespace
  name: names.hub
  properties: {
    partitionCount: partitionCount
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours }
  }
}

resource groups 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2026-01-01' = [
  for name in consumerGroups: {
    parent: hub
    name: name
  }
]

// Its key signs the devices' tokens, each for one …/publishers/{name} only. It cannot read.
resource devices 'Microsoft.EventHub/namespaces/eventhubs/authorizationRules@2026-01-01' = {
  parent: hub
  name: 'devices'
  properties: { rights: ['Send'] }
}

@description('Where AMQP and HTTPS clients find the hub.')
output address string = '${namespace.name}.servicebus.windows.net'
