"""HTTP for every interface: requests, responses, problem documents, and the origin of a request."""
