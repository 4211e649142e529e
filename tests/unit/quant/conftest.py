"""Settings of the property tests."""

from hypothesis import settings

# A busy machine is not a failure of the property.
settings.register_profile("quant", deadline=None)
settings.load_profile("quant")
