// A small fleet, or none: paid by use, except the Event Hubs namespace.
using 'main.bicep'

@description('standard, slack or teams; empty: standard.')
var shape = readEnvironmentVariable('NOTIFY_WEBHOOK_SHAPE', '')

@description('Empty: 587.')
var port = readEnvironmentVariable('SMTP_PORT', '')

@description('implicit or starttls; empty: starttls.')
var tls = readEnvironmentVariable('SMTP_TLS', '')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param partitionCount = 4
param retentionHours = 24
param maximumThroughputUnits = 2
param cosmosServerless = true
param archiveRedundancy = 'Standard_LRS'
param logCapGb = 1
param maximumInstanceCount = 40
param notifyWebhookUrl = readEnvironmentVariable('NOTIFY_WEBHOOK_URL', '')
param notifyWebhookSecret = readEnvironmentVariable('NOTIFY_WEBHOOK_SECRET', '')
param notifyWebhookShape = contains(['slack', 'teams'], shape) ? shape : 'standard'
param smtpHost = readEnvironmentVariable('SMTP_HOST', '')
param smtpPort = empty(port) ? 587 : int(port)
param smtpTls = tls == 'implicit' ? 'implicit' : 'starttls'
param smtpUsername = readEnvironmentVariable('SMTP_USERNAME', '')
param mailFrom = readEnvironmentVariable('MAIL_FROM', '')
param notifyMailTo = readEnvironmentVariable('NOTIFY_MAIL_TO', '')
param smtpPassword = readEnvironmentVariable('SMTP_PASSWORD', '')
param devicesSecretUri = readEnvironmentVariable('DEVICES_SECRET_URI', '')
param signInClientId = readEnvironmentVariable('SIGN_IN_CLIENT_ID', '')
param gatewayEmail = readEnvironmentVariable('GATEWAY_EMAIL', '')
param openTelemetry = bool(readEnvironmentVariable('OPEN_TELEMETRY', 'false'))
param operatorId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')
param readerId = readEnvironmentVariable('READER_ID', '')
param deployerId = readEnvironmentVariable('DEPLOYER_ID', '')
param alarmEmail = readEnvironmentVariable('ALARM_EMAIL', '')
param alarmWebhookUrl = readEnvironmentVariable('ALARM_WEBHOOK_URL', '')
