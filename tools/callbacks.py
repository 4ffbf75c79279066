# What shall happen after the commit, and must not if the work that asked for it was undone.
import copy
from collections import deque
from contextlib import contextmanager


@contextmanager
def keep_callbacks(cr, always=False):
    """Forget callbacks that were registered inside if the inside fails, or ``always``.

    A rollback to a savepoint leaves them: a webhook that a failed attempt asked for would be called nevertheless, and
    once more for each further attempt.
    """
    queues = (cr.postcommit, cr.precommit)
    # what is collected under a key is a list or a dict, to which the inside adds
    before = [(deque(queue._funcs), {key: copy.copy(data) for key, data in queue.data.items()}) for queue in queues]
    failed = True
    try:
        yield
        failed = False
    finally:
        if failed or always:
            for queue, (funcs, data) in zip(queues, before, strict=True):
                queue._funcs = funcs
                queue.data.clear()
                queue.data.update(data)
