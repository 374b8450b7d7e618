class OnProcessExit:
    def __init__(self, *, target_action, on_exit):
        self.target = target_action
        self.actions = list(on_exit)
