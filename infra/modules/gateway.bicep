// API Management in front of the API: limits over all instances, and tokens that are judged before anything is paid for
// (docs/gateway.md). It reads the app's own description when it is deployed. Never tried on Azure.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Whom the service writes to.')
param email string

@description('The address of the app, which must have been deployed.')
param appUrl string

@description('Application (client) id that tokens of people are for.')
param clientId string

resource gateway 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: names.gateway
  location: location
  tags: tags
  // Not Consumption: it cannot count by device.
  sku: { name: 'BasicV2', capacity: 1 }
  properties: { publisherEmail: email, publisherName: 'Vendstream' }
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: gateway
  name: 'vendstream'
  properties: {
    displayName: 'Vendstream'
    path: ''
    protocols: ['https']
    serviceUrl: appUrl
    format: 'openapi+json-link'
    value: '${appUrl}/api/openapi.json'
    // People have tokens of Entra ID, devices their own.
    subscriptionRequired: false
  }
}

resource policy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: api
  name: 'policy'
  properties: {
    format: 'rawxml'
    value: replace(
      replace(
        replace(loadTextContent('../gateway-policy.xml'), 'LOGIN_ENDPOINT/', environment().authentication.loginEndpoint),
        'TENANT_ID',
        tenant().tenantId
      ),
      'CLIENT_ID',
      clientId
    )
  }
}

@description('Its address, for clients of the API.')
output url string = gateway.properties.gatewayUrl
