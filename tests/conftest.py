"""What all tests share: how property tests search."""

import hypothesis

hypothesis.settings.register_profile("stagebook", deadline=None)  # no test judges a duration
hypothesis.settings.load_profile("stagebook")
