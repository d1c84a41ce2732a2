"""Control plane for the metadata service of IBM Cloud VPC servers."""

__version__ = "0.1.0"
