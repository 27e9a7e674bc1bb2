"""What was read out of item texts and opinions into closed lists: moods, themes, aspects. Knows no model."""

from retrieval.features.aspects import ASPECTS, Aspect
from retrieval.features.moods import MOODS, moods_in
from retrieval.features.store import ItemFeatures, feature_matrix, load_features

__all__ = ["ASPECTS", "MOODS", "Aspect", "ItemFeatures", "feature_matrix", "load_features", "moods_in"]
