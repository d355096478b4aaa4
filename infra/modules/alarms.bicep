// Somebody is told when the system itself is wrong; what is wrong with machines is told by the app's own notifications.
// docs/operations.md, "What to alarm on", has a row for each rule, and tests hold the two together. The rules on logs read
// lines and metrics that a Functions host was seen to write (4.1037, without OpenTelemetry); none was ever run on Azure.
import { Names, Tags } from '../types.bicep'

@description('The name of each resource.')
param names Names

@description('The region.')
param location string

@description('On everything that can carry tags.')
param tags Tags

@description('Who is mailed.')
param email string

@description('Where the same is posted; empty: nowhere.')
@secure()
param webhookUrl string

@description('The address of the app.')
param appUrl string

@description('Whether the app\'s own metrics come in: one more rule needs them.')
param openTelemetry bool

@description('Queries of the workspace: each gives one number, and above 0 it tells. Their window and pace in minutes.')
var queries = [
  {
    name: 'no-sweep'
    severity: 1
    minutes: 10
    times: 1
    says: 'No sweep has ended for ten minutes: nothing judges silence, lag and what stands still. Or no log comes in: then nothing here is seen.'
    // Counted, so that there is a row where there is no line.
    query: 'AppTraces | where Message startswith "sweep: " | summarize Sweeps = count() | project Value = iff(Sweeps == 0, 1, 0)'
  }
  {
    name: 'function-failures'
    severity: 2
    minutes: 5
    times: 2
    // Not failed requests: while a batch fails under its retry policy the host writes none.
    says: 'A function has failed in each of the last two five minutes. A batch that fails is tried again, and its partition waits behind it.'
    query: 'AppMetrics | where Name endswith " Failures" | summarize Value = sum(Sum)'
  }
  {
    name: 'events-wait'
    severity: 1
    minutes: 5
    times: 1
    says: 'A function stands still, or events wait for more than half of the hub\'s retention. After the other half they are lost: vendctl partitions.'
    query: 'AppTraces | where SeverityLevel >= 3 and (Message contains "stands still: " or Message contains ": events wait for ") | summarize Value = count()'
  }
  {
    name: 'dead-letters'
    severity: 2
    minutes: 15
    times: 1
    says: 'More than ten events were refused within fifteen minutes: vendctl deadletters list.'
    query: 'AppTraces | where Message startswith "applied " | extend Letters = toint(extract("([0-9]+) dead letters", 1, Message)) | summarize Letters = sum(Letters) | project Value = iff(Letters > 10, 1, 0)'
  }
  {
    name: 'serious-dead-letters'
    severity: 1
    minutes: 15
    times: 1
    says: 'A bug of ours (defect), a credential that speaks for another device or machine (forged-identity) or from an epoch that it has not (epoch-not-issued), or two boards with one identity (conflict): vendctl deadletters list.'
    query: 'AppTraces | where Message startswith "dead letter " | where Message matches regex "^dead letter [^ ]+: (defect|forged-identity|epoch-not-issued|conflict|epoch-retired)" | summarize Value = count()'
  }
  {
    name: 'undelivered'
    severity: 2
    minutes: 15
    times: 1
    // By another way than the one that fails.
    says: 'A notification was given up, because its receiver refuses it: nobody was told of what it says. GET /api/v1/alerts.'
    query: 'AppTraces | where SeverityLevel >= 3 and Message contains "notification" and Message contains "given up" | summarize Value = count()'
  }
  {
    name: 'log-cap'
    severity: 2
    minutes: 15
    times: 1
    says: 'The workspace has reached its daily cap (logCapGb): until tomorrow no log comes in, and no rule on logs sees anything.'
    query: '_LogOperation | where Category == "Ingestion" and Detail has "OverQuota" | summarize Value = count()'
  }
]

@description('The one that reads a metric of the app\'s own, which comes by OpenTelemetry alone.')
var lag = {
  name: 'lag'
  severity: 2
  minutes: 5
  times: 2
  says: 'The oldest event that a function has still to do has waited for more than ten minutes.'
  query: 'AppMetrics | where Name == "vendstream.waiting" | summarize Oldest = max(Max) | project Value = iff(Oldest > 600, 1, 0)'
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: names.workspace
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.insights
}

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: names.eventHubs
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' existing = {
  name: names.cosmos
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${names.app}'
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'vendstream'
    enabled: true
    emailReceivers: [{ name: 'mail', emailAddress: email, useCommonAlertSchema: true }]
    webhookReceivers: empty(webhookUrl) ? [] : [{ name: 'webhook', serviceUri: webhookUrl, useCommonAlertSchema: true }]
  }
}

resource onLogs 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in concat(queries, openTelemetry ? [lag] : []): {
    name: '${rule.name}-${names.app}'
    location: location
    tags: tags
    properties: {
      displayName: rule.name
      description: rule.says
      severity: rule.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT${rule.minutes}M'
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: 'Value'
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: rule.times, minFailingPeriodsToAlert: rule.times }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

// learn.microsoft.com/azure/azure-monitor/reference/supported-metrics: Microsoft.DocumentDB/databaseAccounts
resource throttles 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'cosmos-throttles-${names.app}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Cosmos DB has refused more than six hundred requests within an hour (429): the database is too small, and the lag follows.'
    severity: 3
    enabled: true
    scopes: [cosmos.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttles'
          metricNamespace: 'Microsoft.DocumentDB/databaseAccounts'
          metricName: 'TotalRequests'
          dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 600
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}

// The same list: Microsoft.EventHub/namespaces
resource refusals 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'hub-throttles-${names.app}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Hubs has refused requests for want of throughput units: devices send again, and maximumThroughputUnits is reached.'
    severity: 2
    enabled: true
    scopes: [namespace.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'refusals'
          metricNamespace: 'Microsoft.EventHub/namespaces'
          metricName: 'ThrottledRequests'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}

// Each run is paid for: two places, every five minutes, 17,520 a month.
resource health 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-${names.app}'
  location: location
  // By this tag the portal finds it.
  tags: union(tags, { 'hidden-link:${insights.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${names.app}'
    Name: 'health'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    // A cold start is among them.
    Timeout: 60
    RetryEnabled: true
    Locations: [{ Id: 'emea-nl-ams-azr' }, { Id: 'us-va-ash-azr' }]
    Request: { RequestUrl: '${appUrl}/api/health', HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 7 }
  }
}

resource unhealthy 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'unhealthy-${names.app}'
  location: 'global'
  tags: tags
  properties: {
    description: 'GET /api/health fails from both places: the app does not answer, or a store is away (the answer names it).'
    severity: 1
    enabled: true
    scopes: [health.id, insights.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: health.id
      componentId: insights.id
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: people.id }]
  }
}

// The app never uses the namespace's own keys. Whoever has one sends under any name and reads everything.
resource rootKey 'Microsoft.Insights/activityLogAlerts@2026-01-01' = {
  name: 'root-key-${names.app}'
  location: 'Global'
  tags: tags
  properties: {
    description: 'Somebody has read the keys of the namespace (RootManageSharedAccessKey): SECURITY.md.'
    enabled: true
    scopes: [namespace.id]
    condition: {
      allOf: [
        { field: 'category', equals: 'Administrative' }
        { field: 'operationName', equals: 'Microsoft.EventHub/namespaces/authorizationRules/listKeys/action' }
      ]
    }
    actions: { actionGroups: [{ actionGroupId: people.id }] }
  }
}
