// What the modules are given: a misspelt property is an error of the compiler, not of a deployment.

@export()
@description('Names and tags of what is deployed.')
type Tags = {
  @description('A tag and its value.')
  *: string
}

@export()
@sealed()
@description('The name of each resource. All are known before anything is deployed, so that what-if sees everything.')
type Names = {
  @description('The identity that the app signs in with.')
  identity: string
  @description('The Log Analytics workspace.')
  workspace: string
  @description('Application Insights.')
  insights: string
  @description('The Event Hubs namespace.')
  eventHubs: string
  @description('The hub that devices send to.')
  hub: string
  @description('The Cosmos DB account.')
  cosmos: string
  @description('The database in it.')
  database: string
  @description('The account of the archive, the dead letters and the queues.')
  storage: string
  @description('The account of the Functions host.')
  hostStorage: string
  @description('The container in it that the deployed package lies in.')
  packages: string
  @description('The plan that the app runs on.')
  plan: string
  @description('The function app.')
  app: string
  @description('The Event Grid topic of what is written into the app\'s storage.')
  topic: string
  @description('The gateway in front of the API, where there is one.')
  gateway: string
  @description('The virtual network, where the stores are closed.')
  network: string
  @description('The subnet in it that the app\'s requests come from.')
  subnet: string
}

@export()
@sealed()
@description('The mail server, and whose mails go to whom. Its password is a parameter of its own.')
type Mail = {
  @description('Its name; empty: no mail is sent.')
  host: string
  @description('587 as a rule, 465 for implicit TLS.')
  @minValue(1)
  @maxValue(65535)
  port: int
  @description('From the first byte on, or by STARTTLS, which is then required.')
  tls: 'implicit' | 'starttls'
  @description('As whom the app signs in; empty: it does not.')
  username: string
  @description('The address that mails come from.')
  from: string
  @description('Addresses with commas: who gets mails while the catalog has no recipients.')
  to: string
}

@export()
@description('The blob containers of the app. Roles are given on each of them, not on their account.')
var blobContainers = ['archive', 'deadletters', 'remembered']

@export()
@description('Those of uploads: what people write, what was refused of it, and clean pictures.')
var uploadContainers = ['uploads', 'rejected', 'photos']

@export()
@description('What Event Grid could not put into the queue of uploads. Nothing of the app reads it.')
var undelivered = 'uploads-undelivered'

@export()
@description('The host would make the poison queues when first needed; being there, they can be watched from the start, and a role be given on each.')
var queues = [
  'rollup-shards'
  'rollup-shards-poison'
  'notifications'
  'notifications-poison'
  'uploads'
  'uploads-poison'
]

@export()
@description('The container of the Event Hubs extension\'s checkpoints. The host would make it; being there, a role can be given on it.')
var checkpoints = 'azure-webjobs-eventhub'
