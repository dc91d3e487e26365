/** What the children depend on besides the BrokerCluster itself. */

export interface Credentials {
  username: string
  password: string
}

/** Where clients inside the Kubernetes cluster (or on this machine, in local mode) reach the brokers. */
export interface Address {
  host: string
  amqpPort: number
  managementPort: number
}

export interface Inputs {
  /** Image for clusters that name none. */
  image: string
  address: Address
  defaultUser: Credentials
  /** Shared by the nodes of one cluster, to know each other. */
  nodeSecret: string
}
