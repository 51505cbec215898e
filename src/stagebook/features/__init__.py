"""Features: defined once, for training and for serving."""

from stagebook.features.definitions import (
    Entity,
    FeatureView,
    OnDemandFeature,
    RequestSource,
    on_demand,
)
from stagebook.features.service import FeatureService

__all__ = [
    "Entity",
    "FeatureService",
    "FeatureView",
    "OnDemandFeature",
    "RequestSource",
    "on_demand",
]
