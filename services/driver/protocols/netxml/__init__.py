"""Eaton's and MGE's protocol of XML over HTTP, version 3: tables, documents and decisions."""
