"""AdmissionReview in, AdmissionReview out, as bytes. No HTTP, no sockets."""
