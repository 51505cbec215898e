"""What all tests share: how property tests search."""

import hypothesis

# No test judges a duration. A change is judged by the same examples each time; new ones are
# looked for with `pytest --hypothesis-profile=search`.
hypothesis.settings.register_profile("stagebook", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("stagebook")
