/**
 * For mocha's --require: connections to AMQP's own port, which a few of amqplib's tests mean when they name none, are led
 * to the port in BROKER_PORT.
 */
const net = require('node:net')

const AMQP_PORT = 5672

const { connect } = net
net.connect = (options, ...rest) =>
  connect(options.port === AMQP_PORT ? { ...options, port: Number(process.env.BROKER_PORT) } : options, ...rest)
