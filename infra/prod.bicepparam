// Thousands of machines: a week's outage costs no event, and the archive survives the loss of a data centre.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param partitionCount = 32
param retentionHours = 168
param maximumThroughputUnits = 20
param cosmosServerless = false
param cosmosMaximumThroughput = 20000
param archiveRedundancy = 'Standard_ZRS'
param logCapGb = 5
param maximumInstanceCount = 100
param notifyWebhookUrl = readEnvironmentVariable('NOTIFY_WEBHOOK_URL', '')
param openTelemetry = bool(readEnvironmentVariable('OPEN_TELEMETRY', 'false'))
param operatorId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')
param deployerId = readEnvironmentVariable('DEPLOYER_ID', '')
