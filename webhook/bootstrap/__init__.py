"""Settings and pod facts to the Envoy document. Pure; knows nothing of annotations or pods."""
