# gc: objects go when their last reference does, so there is nothing to collect.


def collect(generation=2):
    return 0


def enable():
    pass


def disable():
    pass


def isenabled():
    return True


def get_count():
    return (0, 0, 0)


def freeze():
    pass
