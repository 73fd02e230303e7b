"""Account safety: what a sign-in takes, second factors, and sign-in by an OpenID provider."""
