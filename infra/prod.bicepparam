// Thousands of machines: a week's outage costs no event, and the archive survives the loss of a data centre. The stores
// answer the app's own subnet, and the addresses of OPERATOR_IP_RANGES (with commas) for vendctl. An archive that nobody
// can shorten is a decision of its own: ARCHIVE_IMMUTABILITY_DAYS (docs/deploy.md).
using 'main.bicep'

@description('With commas; empty: vendctl works from nowhere but the subnet.')
var ranges = readEnvironmentVariable('OPERATOR_IP_RANGES', '')
@description('Empty: no such policy.')
var immutabilityDays = readEnvironmentVariable('ARCHIVE_IMMUTABILITY_DAYS', '')

@description('true once it was locked by hand.')
var locked = readEnvironmentVariable('ARCHIVE_IMMUTABILITY_LOCKED', '')

@description('standard, slack or teams; empty: standard.')
var shape = readEnvironmentVariable('NOTIFY_WEBHOOK_SHAPE', '')

@description('Empty: 587.')
var port = readEnvironmentVariable('SMTP_PORT', '')

@description('implicit or starttls; empty: starttls.')
var tls = readEnvironmentVariable('SMTP_TLS', '')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param partitionCount = 32
param retentionHours = 168
param maximumThroughputUnits = 20
param cosmosServerless = false
param cosmosMaximumThroughput = 20000
param archiveRedundancy = 'Standard_ZRS'
param hostRedundancy = 'Standard_ZRS'
param cosmosBackup = 'Continuous30Days'
param archiveImmutabilityDays = empty(immutabilityDays) ? 0 : int(immutabilityDays)
param archiveImmutabilityLocked = locked == 'true'
param auditLogs = true
param closedStores = true
param operatorIpRanges = empty(ranges) ? [] : split(ranges, ',')
param logCapGb = 5
param maximumInstanceCount = 100
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
