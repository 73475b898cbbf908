"""One visitor's session: state and URL, shared controls, admission, error messages, addresses."""
