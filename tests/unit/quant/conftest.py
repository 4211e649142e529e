"""Settings of the property tests."""

from hypothesis import settings

# A busy machine is not a failure of the property.
settings.register_profile("quant", deadline=None, max_examples=40)
settings.load_profile("quant")
