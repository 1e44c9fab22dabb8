"""The DMN Technology Compatibility Kit: reading its cases, running them, counting and listing."""
