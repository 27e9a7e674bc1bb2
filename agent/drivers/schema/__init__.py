"""The driver for small models: one JSON answer, constrained by a schema made for the message, becomes tool calls.

Code finds what the catalog knows in a message and lists it; the model says what each thing is to the person.
"""

from agent.drivers.schema.driver import SchemaDriver
from agent.drivers.schema.heard import bundled_ear
from agent.drivers.schema.unaided import UnaidedReader, unaided_driver

__all__ = ["SchemaDriver", "UnaidedReader", "bundled_ear", "unaided_driver"]
