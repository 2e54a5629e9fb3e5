# Stands in for Invoke-CimMethod on an instance, or on a class of which there is one instance.
function Invoke-CimMethod {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'ClassNameComputerSet', SupportsShouldProcess = $true)]
    param(
        [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)]
        [System.Collections.IDictionary]$Arguments,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('Class')][string]$ClassName,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('CimInstance')][PSTypeName('Microsoft.Management.Infrastructure.CimInstance')][psobject]$InputObject,
        [Parameter(Position = 2, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('Name')][string]$MethodName,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName = $true)]
        [string]$Namespace,
        [Parameter()]
        [Alias('OT')][uint32]$OperationTimeoutSec
    )
    process {
        if (-not $PSCmdlet.ShouldProcess($MethodName)) { return }
        Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $target = $InputObject
            if ($null -eq $target) {
                Assert-FakeNamespace -Class $ClassName -Namespace $Namespace
                $table = Get-FakeCimTable -World $World -Class $ClassName
                if ($null -eq $table) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
                if (@($table).Count -ne 1) { Deny-FakeCim -Code '0x80041055' -Message 'Die Methode ist nicht statisch.' }
                $target = @($table)[0]
            }
            Invoke-FakeCimMethod -World $World -Instance $target -Method $MethodName -Argument $Arguments
        }
    }
}
