"""call.py DEED ARGUMENT…: what a program does that has tasks done. Prints what came of it as JSON."""

import json
import sys
import threading

from celery import group

from interop import add, app, fail, fail_twice, hold, note

SECONDS = 20


def results(count):
    tasks = group(add.s(i, i) for i in range(int(count)))
    return tasks.apply_async().get(timeout=SECONDS)


def failure():
    try:
        return fail.delay().get(timeout=SECONDS)
    except ValueError as error:
        return str(error)


def retries():
    return fail_twice.delay().get(timeout=SECONDS)


def start_holding(folder):
    hold.delay(folder)


def notes(file, count, countdown):
    """Waits for no result: those that are late are sent before the first is done."""
    for i in range(int(count)):
        note.apply_async((file, i), countdown=float(countdown) or None, ignore_result=True)


def ranked(file, *priorities):
    for priority in priorities:
        note.apply_async((file, priority), queue='celery ranked', priority=int(priority), ignore_result=True)


def scheduled():
    """How many tasks a worker has taken whose time has not come."""
    answers = app.control.inspect(timeout=SECONDS, limit=1).scheduled() or {}
    return sum(len(tasks) for tasks in answers.values())


def queues():
    answers = app.control.inspect(timeout=SECONDS, limit=1).active_queues() or {}
    return sorted(queue['name'] for worker in answers.values() for queue in worker)


def revoked(file):
    """A task that is called off before a worker takes it, and one that is not."""
    late = note.apply_async((file, 'revoked'), countdown=1, ignore_result=True)
    app.control.revoke(late.id, reply=True, timeout=SECONDS, limit=1)
    note.apply_async((file, 'kept'), countdown=1, ignore_result=True)


def events():
    """What workers tell of one task, up to its success."""
    heard = []
    listening = threading.Event()

    def on_event(event):
        if event['type'] == 'worker-heartbeat':
            listening.set()
        if event['type'].startswith('task-'):
            heard.append(event['type'])
        if event['type'] == 'task-succeeded':
            receiver.should_stop = True

    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={'*': on_event})
        caller = threading.Thread(target=lambda: listening.wait(SECONDS) and add.delay(1, 1))
        caller.start()
        receiver.capture(limit=None, timeout=SECONDS, wakeup=True)
        caller.join()
    return heard


if __name__ == '__main__':
    deed, *arguments = sys.argv[1:]
    print(json.dumps(globals()[deed](*arguments)))
