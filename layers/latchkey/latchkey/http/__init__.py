"""HTTP as all faces speak it: requests, responses, problem documents, and where a request comes from."""
