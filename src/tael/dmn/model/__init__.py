"""A DMN file as a graph: safe XML, boxed expressions, requirements, item definitions."""
