// People with accounts of their own: App Service Authentication with Entra ID. The app then believes the platform's
// principal and no key (docs/access.md). Never tried on Azure.
import { Names } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('Application (client) id of the registration whose app roles are Fleet.Read, Fleet.Operate and Fleet.Admin.')
param clientId string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: names.app
}

resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    // Health, the page's files and devices have no account: the app itself turns away who may not (blueprints/callers.py).
    globalValidation: { requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous' }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          clientId: clientId
          // The app's identity instead of a secret: a federated credential of the registration.
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        validation: { allowedAudiences: ['api://${clientId}', clientId] }
      }
    }
    // Nobody here calls anything in people's names.
    login: { tokenStore: { enabled: false } }
  }
}
