"""Records what a launch file asks of launch. Knows no more than ROS 2 Humble's: what Humble lacks fails here."""


class LaunchDescription:
    def __init__(self, entities):
        self.entities = list(entities)
