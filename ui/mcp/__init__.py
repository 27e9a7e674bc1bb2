"""The Model Context Protocol: the recommender as tools and resources of other people's agents."""
