// The subnet that the app's requests come from, so that the stores can refuse all others. Service endpoints: they cost
// nothing and need no names of their own, unlike private endpoints. The subscription must have registered Microsoft.App.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: names.network
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.64.0.0/24'] }
    subnets: [
      {
        name: names.subnet
        properties: {
          addressPrefix: '10.64.0.0/25'
          // Notifications go out to the internet.
          defaultOutboundAccess: true
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
          serviceEndpoints: [
            { service: 'Microsoft.Storage' }
            { service: 'Microsoft.AzureCosmosDB' }
            { service: 'Microsoft.EventHub' }
          ]
        }
      }
    ]
  }
}
