"""Records what a launch file asks of launch. It knows no more than ROS 2 Humble's launch does, so that what Humble lacks fails here."""


class LaunchDescription:
    def __init__(self, entities):
        self.entities = list(entities)
