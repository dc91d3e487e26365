"""scenes.py SCENE: what a program with pika does. Prints what it saw as JSON."""

import json
import os
import sys

import pika

PARAMETERS = pika.URLParameters(os.environ['BROKER_URL'])
SECONDS = 20


def publish_and_consume(channel):
    """Confirmed messages come in order, ten at a time at most; what is given back comes again."""
    channel.queue_declare('pika work', durable=True)
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2, headers={'n': 1, 'list': ['a', None]}, priority=3)
    for i in range(100):
        channel.basic_publish('', 'pika work', str(i), properties)
    channel.basic_qos(prefetch_count=10)
    seen = []
    for method, received, body in channel.consume('pika work', inactivity_timeout=SECONDS):
        if body == b'50' and not method.redelivered:
            channel.basic_nack(method.delivery_tag, requeue=True)
            continue
        assert received.headers == properties.headers and received.priority == 3, received
        seen.append([int(body), method.redelivered])
        channel.basic_ack(method.delivery_tag)
        if len(seen) == 100:
            break
    channel.cancel()
    return {'seen': seen, 'left': channel.queue_delete('pika work').method.message_count}


def unroutable(channel):
    channel.confirm_delivery()
    try:
        channel.basic_publish('amq.topic', 'nowhere', 'a', mandatory=True)
    except pika.exceptions.UnroutableError as error:
        return [error.messages[0].method.reply_code, error.messages[0].body.decode()]


def rejected(channel):
    arguments = {'x-max-length': 1, 'x-overflow': 'reject-publish'}
    channel.queue_declare('pika full', exclusive=True, arguments=arguments)
    channel.confirm_delivery()
    channel.basic_publish('', 'pika full', 'a')
    try:
        channel.basic_publish('', 'pika full', 'b')
    except pika.exceptions.NackError as error:
        return [message.body.decode() for message in error.messages]


def reply_to(channel):
    """A call by direct reply-to, answered on the same connection."""
    answers = []

    def answer(on, method, properties, body):
        on.basic_publish('', properties.reply_to, body * 2, pika.BasicProperties(correlation_id=properties.correlation_id))

    def take(on, method, properties, body):
        answers.append([properties.correlation_id, body.decode()])
        on.stop_consuming()

    channel.queue_declare('pika calls', exclusive=True)
    channel.basic_consume('pika calls', answer, auto_ack=True)
    channel.basic_consume('amq.rabbitmq.reply-to', take, auto_ack=True)
    properties = pika.BasicProperties(reply_to='amq.rabbitmq.reply-to', correlation_id='c')
    channel.basic_publish('', 'pika calls', 'ab', properties)
    channel.start_consuming()
    return answers


def refusals(channel):
    """Codes of channels that the broker closes; the connection stays."""
    connection = channel.connection
    codes = []
    for deed in (
        lambda on: on.queue_declare('pika missing', passive=True),
        lambda on: on.exchange_declare('amq.direct', 'fanout'),
        lambda on: on.queue_declare('amq.pika'),
        lambda on: on.queue_declare('pika bad', arguments={'x-message-ttl': -1}),
    ):
        try:
            deed(connection.channel())
        except pika.exceptions.ChannelClosedByBroker as error:
            codes.append(error.reply_code)
    return {'codes': codes, 'open': connection.is_open}


def cancelled(channel):
    """A deleted queue ends its consumer."""
    channel.queue_declare('pika deleted')
    generator = channel.consume('pika deleted', inactivity_timeout=SECONDS)
    channel.basic_publish('', 'pika deleted', 'a')
    first = next(generator)[2].decode()
    channel.connection.channel().queue_delete('pika deleted')
    return [first, [body for _, _, body in generator]]


def transaction(channel):
    channel.queue_declare('pika tx', exclusive=True)
    channel.tx_select()
    channel.basic_publish('', 'pika tx', 'lost')
    channel.tx_rollback()
    channel.basic_publish('', 'pika tx', 'kept')
    channel.tx_commit()
    return [channel.basic_get('pika tx', auto_ack=True)[2].decode(), channel.basic_get('pika tx')[0]]


def large(channel):
    channel.queue_declare('pika large', exclusive=True)
    channel.confirm_delivery()
    body = b'large ' * 1_000_000
    channel.basic_publish('', 'pika large', body)
    return channel.basic_get('pika large', auto_ack=True)[2] == body


if __name__ == '__main__':
    with pika.BlockingConnection(PARAMETERS) as connection:
        print(json.dumps(globals()[sys.argv[1]](connection.channel())))
