# Named CimCmdlets, so that its functions are found by PSModulePath where the real module is not (outside Windows).
@{
    RootModule = 'CimCmdlets.psm1'
    ModuleVersion = '7.0.0.0'
    GUID = '0b1d7f0e-5a0b-4a53-9a3f-fa6e00000002'
    Author = 'Farhand'
    Description = 'FAKE of the CIM functions, for tests. It reads and changes one JSON file.'
    PowerShellVersion = '5.1'
    FunctionsToExport = @('Get-CimAssociatedInstance', 'Get-CimClass', 'Get-CimInstance', 'Invoke-CimMethod', 'New-CimInstance', 'Register-CimIndicationEvent')
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
