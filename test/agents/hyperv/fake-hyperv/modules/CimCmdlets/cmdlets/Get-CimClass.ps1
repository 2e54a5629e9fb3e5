# Stands in for Get-CimClass: says whether the class is there, and its name.
function Get-CimClass {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'ComputerSet')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName = $true)]
        [string]$ClassName,
        [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)]
        [string]$Namespace,
        [Parameter()]
        [Alias('OT')][uint32]$OperationTimeoutSec
    )
    process {
        Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            Assert-FakeNamespace -Class $ClassName -Namespace $Namespace
            if ($null -eq (Get-FakeCimTable -World $World -Class $ClassName)) { Deny-FakeCim -Code '0x80041002' -Message 'Nicht gefunden' }
            $class = [pscustomobject]@{ CimClassName = $ClassName; CimSystemProperties = [pscustomobject]@{ ClassName = $ClassName; Namespace = $Namespace } }
            $class.PSObject.TypeNames.Insert(0, 'Microsoft.Management.Infrastructure.CimClass')
            $class
        }
    }
}
