"""The tasks of the interop tests, and the settings that their workers and callers share."""

import os
import time

from celery import Celery
from kombu import Queue

app = Celery('interop', broker=os.environ['BROKER_URL'], backend='rpc://')
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={'confirm_publish': True},
    task_create_missing_queues=False,
    task_default_queue='celery plain',
    task_queues=[
        Queue('celery plain', routing_key='celery plain'),
        Queue('celery ranked', routing_key='celery ranked', queue_arguments={'x-max-priority': 10}),
    ],
    worker_prefetch_multiplier=1,
)


def write(file, line):
    with open(file, 'a', encoding='utf-8') as out:
        out.write(f'{line}\n')


@app.task
def add(a, b):
    return a + b


@app.task(acks_late=True)
def note(file, word):
    write(file, word)


@app.task(bind=True, acks_late=True)
def hold(self, folder):
    """Tells the folder that it started, and runs until the folder has a file `go`."""
    redelivered = self.request.delivery_info['redelivered']
    write(f'{folder}/started', f'redelivered={redelivered}')
    while not os.path.exists(f'{folder}/go'):
        time.sleep(0.02)
    write(f'{folder}/ended', f'redelivered={redelivered}')


@app.task(bind=True, max_retries=3)
def fail_twice(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task
def fail():
    raise ValueError('always')
